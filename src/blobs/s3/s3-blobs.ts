import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { TrailsealError } from '../../errors.ts'
import { requireBlobKey, type BlobContent, type BlobFacts, type Blobs, type StoredBlob } from '../blobs.ts'

export interface S3Place {
  readonly bucket: string
  /** Before every key; empty, or ending in a slash. */
  readonly prefix: string
  /** Null: AWS. */
  readonly endpoint: URL | null
  /** Null: what the environment or the profile says. */
  readonly region: string | null
}

/** Parts of an upload: each is held in memory until it is sent. */
const PART_BYTES = 8 * 1024 * 1024
const PARTS_AT_ONCE = 2

/**
 * Blobs as objects of a bucket on S3 or on what speaks its protocol. An object appears with the request that finishes its upload: that is the
 * commit. Credentials are found as the AWS SDK finds them (environment, profile, role of the machine). Parts of uploads that died are
 * removed by the bucket's own lifecycle rule (docs/operations.md). Several processes may share a prefix.
 */
export class S3Blobs implements Blobs, Disposable {
  readonly #client: S3Client
  readonly #place: S3Place

  constructor(place: S3Place, options: S3ClientConfig = {}) {
    this.#place = place
    this.#client = new S3Client({
      ...(place.region === null ? {} : { region: place.region }),
      // a host name per bucket is AWS's own
      ...(place.endpoint === null ? {} : { endpoint: place.endpoint.href, forcePathStyle: true }),
      ...options,
    })
  }

  async put(key: string, content: AsyncIterable<Uint8Array>): Promise<BlobFacts> {
    requireBlobKey(key)
    const hash = createHash('sha256')
    let size = 0
    let failure: unknown = null
    async function* measured(): AsyncGenerator<Uint8Array> {
      try {
        for await (const chunk of content) {
          hash.update(chunk)
          size += chunk.length
          yield chunk
        }
      } catch (error) {
        failure = error
        throw error
      }
    }
    try {
      await this.#upload(key, Readable.from(measured(), { objectMode: false }))
    } catch (error) {
      // the caller's own failure is the caller's
      throw failure ?? error
    }
    return { key, size, sha256: hash.digest('hex') }
  }

  async putFile(key: string, path: string): Promise<void> {
    requireBlobKey(key)
    await this.#upload(key, createReadStream(path, { highWaterMark: 1024 * 1024 }))
    // Dying before this line leaves a file that the next run of its job replaces.
    await rm(path, { force: true })
  }

  async get(key: string): Promise<BlobContent | null> {
    requireBlobKey(key)
    try {
      const { Body, ContentLength } = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#place.bucket, Key: this.#place.prefix + key }),
      )
      if (!(Body instanceof Readable) || ContentLength === undefined)
        throw new Error('the answer has no content')
      return { size: ContentLength, body: Body }
    } catch (error) {
      if (error instanceof NoSuchKey) return null
      throw unavailable(error)
    }
  }

  async delete(key: string): Promise<void> {
    requireBlobKey(key)
    const Key = this.#place.prefix + key
    await available(this.#client.send(new DeleteObjectCommand({ Bucket: this.#place.bucket, Key })))
  }

  async *storedBefore(prefix: string, moment: number): AsyncGenerator<StoredBlob, void> {
    requireBlobKey(prefix.replace(/\/$/, ''))
    const Prefix = `${this.#place.prefix}${prefix.replace(/\/$/, '')}/`
    for (let ContinuationToken: string | undefined; ;) {
      const page = await available(
        this.#client.send(
          new ListObjectsV2Command({ Bucket: this.#place.bucket, Prefix, ContinuationToken }),
        ),
      )
      for (const { Key = '', Size: size = 0, LastModified } of page.Contents ?? []) {
        const storedAt = LastModified?.getTime() ?? Number.POSITIVE_INFINITY
        if (storedAt < moment) yield { key: Key.slice(this.#place.prefix.length), size, storedAt }
      }
      ContinuationToken = page.NextContinuationToken
      if (ContinuationToken === undefined) return
    }
  }

  [Symbol.dispose](): void {
    this.#client.destroy()
  }

  /** A failed upload is aborted: nothing of it is ever seen. */
  async #upload(key: string, Body: Readable): Promise<void> {
    const upload = new Upload({
      client: this.#client,
      params: { Bucket: this.#place.bucket, Key: this.#place.prefix + key, Body },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    })
    try {
      await available(upload.done())
    } finally {
      Body.destroy()
    }
  }
}

async function available<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw unavailable(error)
  }
}

/** Not the service's own words: they can hold keys and addresses. */
function unavailable(cause: unknown): TrailsealError {
  const name = cause instanceof Error ? cause.name : 'unknown'
  return new TrailsealError(
    'store_unavailable',
    `The bucket of the blobs could not be read or written (${name}).`,
    {
      cause,
      retryAfterSeconds: 5,
    },
  )
}
