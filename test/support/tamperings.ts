import { parseEntry } from '../../src/event/entry.ts'
import { packEntries, unpackBundle } from '../../src/ledger/elasticsearch/entry-bundles.ts'
import { documentOf } from '../../src/projection/projector.ts'
import { eventDocument } from '../../src/search/elasticsearch/event-document.ts'
import { prepared } from './prepared-events.ts'
import { PLAN, type TamperedStore } from './tampered-store.ts'

export interface Expected {
  /** Index and `_id`. */
  readonly document: string
  readonly what: string
  readonly seq?: number
  readonly workspace?: string
}

/** What is done, and what has to be found. */
type Tampering = () => Promise<Expected>

const json = (source: unknown) => source as Record<string, Record<string, unknown>>

/** The whole document of an event as the projection writes it, with its words. */
async function written(store: TamperedStore, seq: number): Promise<Record<string, Record<string, unknown>>> {
  const { _source } = await store.event('acme', 0)
  const log = String(json(_source)['trailseal']?.['log'])
  const [bytes] = await store.ledger.entries('acme', seq, 1)
  if (!bytes) throw new Error('no entry')
  const entry = parseEntry(bytes)
  const document = { ...documentOf('acme', entry), committed: { bytes, entry } }
  return json(structuredClone(eventDocument(document, log, false)))
}

/** Whoever knows the next event can be there before the projection, which takes what it finds for its own. */
async function foretold(
  store: TamperedStore,
  event: Parameters<typeof prepared>[0],
  change: (trailseal: Record<string, unknown>) => void,
): Promise<Expected> {
  const { receipts } = await store.sequencer.append('acme', [prepared(event)])
  const seq = receipts[0]?.seq ?? -1
  const source = await written(store, seq)
  change(source['trailseal'] ?? {})
  const { _index } = await store.event('acme', 0)
  const _id = `${String(source['trailseal']?.['log'])}/${seq}`
  const document = await store.put({ _index, _id, _routing: 'acme', _source: source })
  await store.project()
  return { document, what: 'index', seq }
}

export const eventTamperings = (store: TamperedStore): Record<string, Tampering> => ({
  'the canonical bytes of an event': async () => {
    const document = await store.change(await store.event('acme', 27), (source) => {
      const event = json(source)['event']
      if (event) event['original'] = String(event['original']).replace(/u_\d/, 'u_x')
    })
    return { document, what: 'index', seq: 27 }
  },
  'a field that only Kibana shows': async () => {
    const document = await store.change(await store.event('acme', 28), (source) => {
      const user = json(source)['user']
      if (user) user['email'] = 'somebody@example.com'
    })
    return { document, what: 'index', seq: 28 }
  },
  'a facet': async () => {
    const document = await store.change(await store.event('acme', 29), (source) => {
      Object.assign(json(source)['trailseal']?.['facet'] ?? {}, { action: 'evidence.read' })
    })
    return { document, what: 'index', seq: 29 }
  },
  'a field beside all others': async () => {
    const document = await store.change(await store.event('acme', 30), (source) => {
      Object.assign(source, { message: 'Nothing happened here.' })
    })
    return { document, what: 'index', seq: 30 }
  },
  'the words that an event is found by, in a document that was there before the projection': () =>
    foretold(store, { justification: 'smuggled out at night' }, (trailseal) => {
      Object.assign(trailseal['text'] ?? {}, { justification: 'nothing to see' })
    }),
  'one word in thousands': () =>
    foretold(
      store,
      { justification: Array.from({ length: 3000 }, (_, at) => `w${at}`).join(' ') },
      (trailseal) => {
        const text = trailseal['text'] as { justification: string }
        text.justification = text.justification.replace('w2500', 'w2501')
      },
    ),
  'the values that filters compare with': () =>
    foretold(store, { actor: { type: 'user', id: 'u_mallory' } }, (trailseal) => {
      trailseal['exact'] = ['actor=u_ada']
    }),
  'nothing, but written again': async () => {
    const stored = await store.event('acme', 31)
    const document = await store.put({ ...stored, _source: await written(store, 31) })
    return { document, what: 'index', seq: 31 }
  },
  'an event that is no longer there': async () => {
    const document = await store.remove(await store.event('acme', 32))
    return {
      document: document.replace(/^[^/]*/, `${store.cluster.prefix}-events-${PLAN}`),
      what: 'index',
      seq: 32,
    }
  },
  'an event that no query of its workspace finds': async () => {
    const document = await store.change(await store.event('acme', 33), (source) => {
      Object.assign(json(source)['trailseal'] ?? {}, { log: 'acme/nowhere' })
    })
    return { document, what: 'index', seq: 33 }
  },
  'an event in the place of another': async () => {
    const document = await store.change(await store.event('acme', 34), (source) => {
      Object.assign(json(source)['event'] ?? {}, { sequence: 35 })
    })
    return { document, what: 'index', seq: 34 }
  },
  'a second document of an event': async () => {
    const stored = await store.event('acme', 36)
    const document = await store.put({ ...stored, _id: 'copy', _source: await written(store, 36) })
    return { document, what: 'index', seq: 36 }
  },
  'an event that never was, in the log': async () => {
    const stored = await store.event('acme', 37)
    const source = await written(store, 37)
    Object.assign(source['event'] ?? {}, { sequence: 4711 })
    const document = await store.put({ ...stored, _id: 'invented', _source: source })
    return { document, what: 'index', seq: 4711 }
  },
  'a document in the log that says of no entry that it is it': async () => {
    const stored = await store.event('acme', 38)
    const source = await written(store, 38)
    delete source['event']?.['sequence']
    const document = await store.put({ ...stored, _id: 'nameless', _source: source })
    return { document, what: 'index' }
  },
  'an event beside the logs, for those who look with Kibana': async () => {
    const stored = await store.event('acme', 39)
    const source = await written(store, 39)
    Object.assign(source['trailseal'] ?? {}, { log: 'acme/other' })
    Object.assign(source['user'] ?? {}, { name: 'Mallory' })
    const document = await store.put({ ...stored, _id: 'acme/other/39', _source: source })
    return { document, what: 'index' }
  },
  'how far the projection is': async () => {
    const document = await store.change(await store.stored('heads', 'projection:projected'), (source) => {
      Object.assign(source, { position: 10_000 })
    })
    return { document, what: 'index', workspace: 'projected' }
  },
})

export const ledgerTamperings = (store: TamperedStore): Record<string, Tampering> => ({
  'one entry of a batch': async () => {
    const batch = await store.batch('acme', 40)
    const entries = await unpackBundle(String((batch._source['bundles'] as string[])[0]))
    const changed = entries.map((entry, at) =>
      at === 12 ? new Uint8Array(Buffer.from(Buffer.from(entry).toString().replace('"u_', '"v_'))) : entry,
    )
    const document = await store.put({
      ...batch,
      _source: { ...batch._source, bundles: await packEntries(changed.map((entry) => ({ entry }) as never)) },
    })
    return { document, what: 'entry', seq: 52 }
  },
  'a batch that is no longer there': async () => ({
    document: await store.remove(await store.batch('acme', 80)),
    ...{ what: 'entry', seq: 80 },
  }),
  'the first batch': async () => ({
    document: await store.remove(await store.batch('acme', 0)),
    ...{ what: 'entry', seq: 0 },
  }),
  'the client ids of a batch': async () => ({
    document: await store.change(await store.batch('acme', 120), (source) => {
      ;(source['ids'] as unknown as string[])[3] = 'client-of-somebody'
    }),
    ...{ what: 'ids', seq: 120 },
  }),
  'a time of receipt': async () => ({
    document: await store.change(await store.batch('acme', 160), (source) => {
      Object.assign(source, { received_at: 1 })
    }),
    ...{ what: 'received', seq: 160 },
  }),
  'the leaf that a batch ends in': async () => ({
    document: await store.change(await store.batch('acme', 200), (source) => {
      Object.assign(source, { last_leaf: Buffer.alloc(32, 7).toString('base64') })
    }),
    ...{ what: 'entry', seq: 200 },
  }),
  'the way back to the batch before': async () => ({
    document: await store.change(await store.batch('acme', 540), (source) => {
      Object.assign(source, { previous: { index: 'x', id: 'acme/100/x', first: 100, count: 100 } })
    }),
    ...{ what: 'entry', seq: 540 },
  }),
  'the workspace of a batch': async () => ({
    document: await store.change(await store.batch('acme', 580), (source) => {
      Object.assign(source, { workspace: 'rival' })
    }),
    ...{ what: 'entry', seq: 580, workspace: 'acme' },
  }),
  'tiles that are still to be copied': async () => {
    await store.sequencer.append(
      'busy',
      Array.from({ length: 253 }, () => prepared()),
    )
    const document = await store.change(await store.batch('busy', 3), (source) => {
      const [tile] = source['tiles'] as unknown as { hashes: string }[]
      if (tile) tile.hashes = `AAAA${tile.hashes.slice(4)}`
    })
    return { document, what: 'tile', workspace: 'busy' }
  },
  'a copy of a batch': async () => {
    const batch = await store.batch('acme', 220)
    return { document: await store.put({ ...batch, _id: `${batch._id}x` }), what: 'document', seq: 220 }
  },
  'a batch of entries that never were': async () => {
    const batch = await store.batch('acme', 560)
    const _source = { ...batch._source, first: 900, last_leaf: Buffer.alloc(32, 7).toString('base64') }
    return {
      document: await store.put({ ...batch, _id: 'acme/900/invented', _source }),
      what: 'document',
      seq: 900,
    }
  },
})

/** Those of the head each in a log of its own. */
export const headAndTileTamperings = (store: TamperedStore): Record<string, Tampering> => ({
  'a head that was put back to an earlier one': async () => {
    const earlier = await store.stored('heads', 'rolled')
    await store.sequencer.append('rolled', [prepared(), prepared()])
    return { document: await store.put(earlier), what: 'published' }
  },
  'a head that is no longer there': async () => ({
    document: await store.remove(await store.stored('heads', 'headless')),
    what: 'published',
  }),
  'the root in a head': async () => ({
    document: await store.change(await store.stored('heads', 'rooted'), (source) => {
      Object.assign(source, { root: Buffer.alloc(32, 7).toString('base64') })
    }),
    what: 'head',
  }),
  'a checkpoint': async () => ({
    document: await store.change(await store.stored('heads', 'noted'), (source) => {
      Object.assign(source, { checkpoint: String(source['checkpoint']).replace('\n3\n', '\n2\n') })
    }),
    what: 'checkpoint',
  }),
  'the time of receipt in a head': async () => ({
    document: await store.change(await store.stored('heads', 'timed'), (source) => {
      Object.assign(source, { last_received_at: 1 })
    }),
    what: 'head',
  }),
  'a head that no list of logs shows': async () => ({
    document: await store.change(await store.stored('heads', 'hidden'), (source) => {
      Object.assign(source, { kind: 'other' })
    }),
    what: 'head',
  }),
  'the edge of the tree in a head': async () => ({
    document: await store.change(await store.stored('heads', 'edged'), (source) => {
      const [tile] = source['edge'] as unknown as { hashes: string }[]
      if (tile) tile.hashes = `AAAA${tile.hashes.slice(4)}`
    }),
    what: 'tile',
  }),
  'the head of a log that never was': async () => {
    const head = await store.stored('heads', 'acme')
    const _source = { ...head._source, workspace: 'ghost' }
    return { document: await store.put({ ...head, _id: 'ghost', _source }), what: 'checkpoint' }
  },
  'a document among the heads': async () => {
    const head = await store.stored('heads', 'acme')
    return { document: await store.put({ ...head, _id: 'acme2' }), what: 'document' }
  },
  'a hash in a tile': async () => ({
    document: await store.change(await store.stored('tiles', 'acme/0/0', 'acme'), (source) => {
      const hashes = String(source['hashes'])
      // of entry 30
      Object.assign(source, { hashes: `${hashes.slice(0, 1280)}AAAA${hashes.slice(1284)}` })
    }),
    what: 'tile',
  }),
  'a tile that is no longer there': async () => ({
    document: await store.remove(await store.stored('tiles', 'acme/0/1', 'acme')),
    what: 'tile',
  }),
  'a tile that the log does not have': async () => {
    const tile = await store.stored('tiles', 'acme/0/0', 'acme')
    const _source = { ...tile._source, index: 9 }
    return { document: await store.put({ ...tile, _id: 'acme/0/9', _source }), what: 'tile' }
  },
})
