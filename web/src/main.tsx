import { MantineProvider, localStorageColorSchemeManager } from '@mantine/core'
import { createRoot } from 'react-dom/client'
import './styles.css'
import './layout.css'
import { Application } from './application.tsx'
import { isEmbedded } from './embed/host-page.ts'
import { theme } from './theme.ts'

/** What style elements need to count under the page's Content-Security-Policy. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''
// The name under which get-nonce, which the scroll lock of overlays uses, looks for it.
Object.assign(globalThis, { __webpack_nonce__: nonce })

const colorSchemeManager = localStorageColorSchemeManager({ key: 'trailseal-color-scheme' })
// Before the first paint, so that nobody sees the other scheme flash.
const scheme = colorSchemeManager.get('auto')
const isDark = scheme === 'dark' || (scheme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches)
document.documentElement.setAttribute('data-mantine-color-scheme', isDark ? 'dark' : 'light')

document.documentElement.classList.toggle('is-embedded', isEmbedded)

const place = document.getElementById('viewer')
if (place)
  createRoot(place).render(
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={colorSchemeManager}
      getStyleNonce={() => nonce}
    >
      <Application />
    </MantineProvider>,
  )
