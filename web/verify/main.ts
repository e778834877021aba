import { check, outcomeOf, type Outcome } from './check.ts'
import {
  findFiles,
  recognise,
  withFiles,
  type ChosenFile,
  type FileKind,
  type Found,
} from './chosen-files.ts'
import { element, outcomeView } from './report-view.ts'

const WORDS: Readonly<Record<FileKind, string>> = {
  manifest: 'manifest',
  proof: 'proof',
  export: 'exported file',
}

/** The page is ours: what it names is there. */
function byId(id: string): HTMLElement {
  return document.getElementById(id) as HTMLElement
}

const drop = byId('drop')
const choose = byId('choose') as HTMLInputElement
const key = byId('key') as HTMLInputElement
const verifyButton = byId('verify') as HTMLButtonElement
const forgetButton = byId('forget') as HTMLButtonElement
const progress = byId('progress')
const bar = byId('bar') as HTMLProgressElement
const report = byId('report')

let chosen: readonly ChosenFile[] = []
let isBusy = false

async function add(files: Iterable<File>): Promise<void> {
  const added = await Promise.all(Array.from(files, recognise))
  if (added.length === 0 || isBusy) return
  chosen = withFiles(chosen, added)
  const found = await look()
  if (found?.missing.length === 0) await verify()
}

/** Shows what is there and what is not; answers the files where there is a manifest. */
async function look(): Promise<Found | null> {
  byId('chosen').replaceChildren(
    ...chosen.map(({ file, kind }) =>
      element(
        'li',
        {},
        element('span', { class: 'kind' }, WORDS[kind]),
        element('span', { class: 'name' }, file.name),
        element('span', { class: 'soft' }, `${file.size.toLocaleString('en-US')} bytes`),
      ),
    ),
  )
  forgetButton.hidden = chosen.length === 0
  report.replaceChildren()
  let found: Found | null = null
  try {
    found = await findFiles(chosen)
    byId('missing').textContent = missingText(found)
  } catch (error) {
    byId('missing').textContent = ''
    // it looked like a manifest: what was one no longer is
    show({ ...outcomeOf(error), kind: 'wrong' } as Outcome)
  }
  verifyButton.disabled = found === null || found.missing.length > 0
  return found
}

function missingText(found: Found | null): string {
  if (chosen.length === 0) return ''
  if (found === null) return 'Still missing: the manifest, a file that ends in .manifest.json.'
  if (found.missing.length === 0) return ''
  return `Still missing: ${found.missing.map(({ name, role }) => `${name} (the ${WORDS[role]})`).join(', ')}.`
}

async function verify(): Promise<void> {
  const found = await look()
  if (found === null || found.missing.length > 0 || isBusy) return
  setBusy(true)
  try {
    const vkey = key.value.trim()
    show(await check(found, vkey === '' ? null : vkey, showProgress))
  } finally {
    setBusy(false)
  }
  report.focus()
}

function setBusy(busy: boolean): void {
  isBusy = busy
  progress.hidden = !busy
  verifyButton.disabled = busy
  forgetButton.disabled = busy
  showProgress('the manifest', 0)
}

function showProgress(name: string, part: number): void {
  byId('progress-label').textContent = `Checking ${name}: ${Math.floor(part * 100)} %`
  bar.value = part
}

function show(outcome: Outcome): void {
  report.replaceChildren(...outcomeView(outcome))
}

choose.addEventListener('change', () => {
  void add(Array.from(choose.files ?? []))
  choose.value = ''
})
for (const type of ['dragenter', 'dragover'])
  document.addEventListener(type, (event) => {
    event.preventDefault()
    drop.classList.add('is-over')
  })
for (const type of ['dragleave', 'drop'])
  document.addEventListener(type, (event) => {
    event.preventDefault()
    drop.classList.remove('is-over')
  })
document.addEventListener('drop', (event) => void add(Array.from(event.dataTransfer?.files ?? [])))
verifyButton.addEventListener('click', () => void verify())
forgetButton.addEventListener('click', () => {
  chosen = []
  void look()
})
key.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') void verify()
})
