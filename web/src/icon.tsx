/** Line icons on a grid of 24. Decoration only: what an icon means is also said in words. */
const PATHS = {
  home: 'M4 11.5 12 5l8 6.5M6 10v9h4v-5h4v5h4v-9',
  dashboard: 'M4 19V9m5 10V5m5 14v-7m5 7V8',
  'audit-log': 'M5 6h14M5 10h14M5 14h14M5 18h9',
  exports: 'M12 4v11m0 0 4-4m-4 4-4-4M5 19h14',
  integrity:
    'M12 3.5 19 6v5.500c0 4.300-2.900 7.400-7 9-4.100-1.600-7-4.700-7-9V6zM8.800 12l2.300 2.300 4.200-4.500',
  settings: 'M4 7h10m4 0h2M4 17h2m4 0h10M16 4.800v4.400M8 14.800v4.400',
  search: 'M10.500 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l4.500 4.500',
  user: 'M12 4.500a3.600 3.600 0 1 0 0 7.200 3.600 3.600 0 0 0 0-7.200zM5 20c.700-3.600 3.500-5.500 7-5.500s6.300 1.900 7 5.500',
  api_token:
    'M15.500 4a4.500 4.500 0 1 0-4.200 6.100L4 17.400V20h3v-2.500h2.500V15l2.300-2.300M16.500 7.500h.010',
  system: 'M7 7h10v10H7zM10 3v4m4-4v4m-4 10v4m4-4v4M3 10h4m-4 4h4m10-4h4m-4 4h4',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3M12 14.500v2',
  close: 'm6 6 12 12M18 6 6 18',
  menu: 'M4 7h16M4 12h16M4 17h16',
  down: 'm7 10 5 5 5-5',
  failure: 'M12 4 3 20h18zM12 10v4.500M12 17.300h.010',
  check: 'm5 12.500 4.500 4.500L19 7.500',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.500v2.500M12 19v2.500M2.500 12H5m14 0h2.500M5.300 5.300 7 7m10 10 1.700 1.700M5.300 18.700 7 17M17 7l1.700-1.700',
  moon: 'M19.500 14A8 8 0 0 1 10 4.500a8 8 0 1 0 9.500 9.500z',
  signout: 'M10 5H5v14h5M14 8l4 4-4 4M18 12H9',
  star: 'm12 4 2.400 5 5.600.700-4.100 3.800 1.100 5.500-5-2.700L7 19l1.100-5.500L4 9.700 9.600 9z',
  history: 'M4 12a8 8 0 1 0 2.600-5.900M4 4v4h4M12 8v4.500l3 2',
  calendar: 'M5 6h14v13H5zM5 10h14M9 4v4m6-4v4',
  live: 'M12 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM7.500 7.500a6.400 6.400 0 0 0 0 9m9-9a6.400 6.400 0 0 1 0 9',
  filter: 'M4 6h16l-6 7v5l-4 2v-7z',
  link: 'M13 5h6v6M19 5l-9 9M17 14v5H5V7h5',
  copy: 'M9 9h10v10H9zM5 15V5h10',
  compact: 'M5 5.500h14M5 9.800h14M5 14.200h14M5 18.500h14',
  rows: 'M5 5h14v5H5zM5 14h14v5H5z',
} as const
export type IconName = keyof typeof PATHS

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
