import type { Page } from 'playwright-core'

const ROWS = `[...document.querySelectorAll('[role=row][aria-selected]')]
  .sort((left, right) => left.getAttribute('aria-rowindex') - right.getAttribute('aria-rowindex'))`

/** First lines of a column's cells, from the top. */
export async function columnOf(page: Page, column: string): Promise<string[]> {
  return (await indexedColumn(page, column)).map(([, text]) => text)
}

/** The same with the number of each row that is in the document: aria-rowindex, which counts the header as 1. */
export async function indexedColumn(page: Page, column: string): Promise<[number, string][]> {
  return await page.evaluate<[number, string][]>(
    `${ROWS}.map((row) => [
      Number(row.getAttribute('aria-rowindex')),
      row.querySelector('.cell-${column}').innerText.trim().split('\\n')[0],
    ])`,
  )
}
