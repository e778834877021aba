import { Button, createTheme, Input, Popover, Skeleton, Tooltip } from '@mantine/core'

/** Quiet and dense. The contrasts of all pairs are at least 4.5 : 1; the end-to-end tests hold axe against every state. */
export const theme = createTheme({
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace',
  defaultRadius: 'sm',
  primaryColor: 'seal',
  primaryShade: { light: 8, dark: 7 },
  autoContrast: true,
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  headings: {
    sizes: { h1: { fontSize: '1.25rem', fontWeight: '650' }, h2: { fontSize: '1rem', fontWeight: '650' } },
  },
  colors: {
    dark: [
      '#e3e8ec',
      '#c0cad3',
      '#a3b0bb',
      '#7d8a95',
      '#4a5761',
      '#3c4853',
      '#1d252b',
      '#171d22',
      '#11161a',
      '#0c1013',
    ],
    seal: [
      '#eef5f9',
      '#dbe9f1',
      '#b7d2e1',
      '#8fbad1',
      '#6ba5c3',
      '#4f90b3',
      '#3d7b9e',
      '#2d6687',
      '#225270',
      '#153c55',
    ],
  },
  components: {
    Button: Button.extend({ defaultProps: { size: 'xs' } }),
    Input: Input.extend({ defaultProps: { size: 'xs' } }),
    Popover: Popover.extend({ defaultProps: { shadow: 'md', withinPortal: true } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 300, withArrow: true } }),
    Skeleton: Skeleton.extend({ defaultProps: { radius: 'xs' } }),
  },
})
