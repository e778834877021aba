import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** For pages that axe looks at: what fades in has the contrast of half a fade, and is there for good a moment later. */
export const STILL = { reducedMotion: 'reduce' } as const

/** Of the flyout where it is open: the list behind it is a state of its own. Rule and place of each, short enough to read in a failure. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const found = await page.evaluate<axe.AxeResults>(
    `axe.run(document.querySelector('[role=dialog]') ?? document, { resultTypes: ['violations'], preload: false, elementRef: false })`,
  )
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`))
}
