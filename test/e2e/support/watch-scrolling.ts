import type { Page } from 'playwright-core'

export interface Scrolling {
  readonly frames: number
  /** Longest run of frames that showed a place without a row, and its time in ms. */
  readonly blankFrames: number
  readonly longestBlank: number
  /** Longest time in ms in which the list could not be scrolled on, because its next rows were not there. */
  readonly longestStop: number
  readonly seconds: number
  /** Most rows that were in the document at once. */
  readonly mostRows: number
}

export interface Ride {
  /** Index of the row to arrive at. */
  readonly to: number
  /** Rows of one movement: a notch of the wheel, or a key. */
  readonly rows: number
  /** Frames from one movement to the next. */
  readonly frames: number
}

/**
 * Scrolls the list to a row and looks in each frame at what is about to be painted: at five heights of the list there has to
 * be a row with its content.
 */
export async function scrollThrough(page: Page, ride: Ride): Promise<Scrolling> {
  return await page.evaluate<Scrolling>(`new Promise((resolve) => {
    const ride = ${JSON.stringify(ride)}
    const grid = document.querySelector('[role=grid]')
    const height = document.querySelector('[role=row][aria-selected]').offsetHeight
    const target = ride.to * height
    const direction = Math.sign(target - grid.scrollTop)
    const box = grid.getBoundingClientRect()
    const heights = [0.12, 0.3, 0.5, 0.7, 0.95].map((part) => box.top + part * box.height)
    const isBlank = () => heights.some((y) =>
      !document.elementFromPoint(box.left + 60, y)?.closest('[role=row]:not([aria-busy])'))
    const result = { frames: 0, blankFrames: 0, longestBlank: 0, longestStop: 0, mostRows: 0 }
    const started = performance.now()
    let blankFrames = 0, blankSince = null, stoppedSince = null
    const frame = () => {
      const now = performance.now()
      if (blankSince !== null) result.longestBlank = Math.max(result.longestBlank, now - blankSince)
      const before = grid.scrollTop
      if (result.frames++ % ride.frames === 0) {
        grid.scrollTop = direction > 0
          ? Math.min(target, before + ride.rows * height)
          : Math.max(target, before - ride.rows * height)
        const isMoving = Math.abs(grid.scrollTop - before) >= 1 || Math.abs(before - target) < 1
        if (isMoving) stoppedSince = null
        else result.longestStop = Math.max(result.longestStop, now - (stoppedSince ??= now))
      }
      if (isBlank()) {
        result.blankFrames = Math.max(result.blankFrames, ++blankFrames)
        blankSince ??= now
      } else {
        blankFrames = 0
        blankSince = null
      }
      if (result.frames % 10 === 0)
        result.mostRows = Math.max(result.mostRows, document.querySelectorAll('[role=row]').length)
      if (Math.abs(grid.scrollTop - target) < 1 && blankSince === null)
        resolve({ ...result, seconds: (now - started) / 1000 })
      else requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })`)
}

/** Bytes of the page's heap that live after everything that can be collected is. */
export async function livingHeap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.enable')
  // Twice: what finalizers let go is collected by the next.
  await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return usedSize
}
