import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'

/** Versity S3 Gateway: a real server of the protocol over a folder, one program. `go install github.com/versity/versitygw/cmd/versitygw@latest` */
const PROGRAM = 'versitygw'
const PATIENCE_MS = 20_000

export class S3Server {
  readonly url: URL
  readonly bucket = 'trailseal-test'
  readonly credentials = { accessKeyId: 'test', secretAccessKey: 'secret-of-the-tests' }
  readonly #process: ChildProcess

  private constructor(url: URL, child: ChildProcess) {
    this.url = url
    this.#process = child
  }

  static async start(folder: string): Promise<S3Server> {
    const [root, sidecar] = [join(folder, 'objects'), join(folder, 'metadata')]
    mkdirSync(root)
    mkdirSync(sidecar)
    const port = await freePort()
    const address = `127.0.0.1:${port}`
    const child = spawn(PROGRAM, ['--port', address, '--quiet', 'posix', '--sidecar', sidecar, root], {
      stdio: 'ignore',
      env: { ...process.env, ROOT_ACCESS_KEY: 'test', ROOT_SECRET_KEY: 'secret-of-the-tests' },
    })
    const server = new S3Server(new URL(`http://${address}`), child)
    await server.#ready()
    return server
  }

  /** Makes the bucket, once the server answers. */
  async #ready(): Promise<void> {
    const client = new S3Client({
      ...{ endpoint: this.url.href, region: 'us-east-1', forcePathStyle: true },
      credentials: this.credentials,
    })
    const deadline = Date.now() + PATIENCE_MS
    for (;;) {
      try {
        await client.send(new CreateBucketCommand({ Bucket: this.bucket }))
        break
      } catch (error) {
        if (Date.now() > deadline) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
    client.destroy()
  }

  /** At once: asked to end, it would wait for connections that clients keep open. */
  async stop(): Promise<void> {
    this.#process.kill('SIGKILL')
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'exit')
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}
