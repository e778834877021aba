/** Where the workers of this process hear at once what the others in it did. */
export class JobNews extends EventTarget {
  tell(kind: 'enqueued' | 'cancelled', subject: string): void {
    this.dispatchEvent(new CustomEvent(kind, { detail: subject }))
  }
}
