import { escapeHtml } from '../../escape-html.ts'

/** A whole page. It has no script, and its one style sheet comes from here too, so that the strictest policy fits. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="/page.css">
<main>
${body}
</main>
</html>
`
}

export const PAGE_CSS = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 56rem; margin: 0 auto; padding: 2rem 1rem; }
pre { padding: 1rem; overflow-x: auto; border: 1px solid #8886; border-radius: 0.5rem; font-size: 0.85rem; }
code { font-family: ui-monospace, monospace; }
section { border-top: 1px solid #8886; padding: 0.5rem 0; }
table { border-collapse: collapse; }
td, th { text-align: left; padding: 0.1rem 1rem 0.1rem 0; vertical-align: top; }
`
