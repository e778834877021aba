import { createHash } from 'node:crypto'
import { headerText, type Mail } from '../mailer.ts'

interface Envelope {
  readonly from: string
  readonly domain: string
  readonly date: Date
}

/** The mail as an Internet message: RFC 5322, MIME multipart/alternative (RFC 2046 §5.1.4) with both parts in base64. */
export function formatMessage(
  { id, to, subject, text, html }: Mail,
  { from, domain, date }: Envelope,
): string {
  const boundary = `=_${createHash('sha256').update(`${id}${text}${html}`).digest('hex').slice(0, 32)}`
  const lines = [
    `From: ${headerText(from)}`,
    `To: ${headerText(to)}`,
    `Subject: ${encodedWords(headerText(subject))}`,
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${id}@${domain}>`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: multipart/alternative; boundary="${boundary}"`,
    '',
    ...part(boundary, 'text/plain', text),
    ...part(boundary, 'text/html', html),
    `--${boundary}--`,
    '',
  ]
  return lines.join('\r\n')
}

function part(boundary: string, type: string, content: string): readonly string[] {
  const base64 = Buffer.from(content, 'utf8').toString('base64')
  return [
    `--${boundary}`,
    `Content-Type: ${type}; charset=utf-8`,
    'Content-Transfer-Encoding: base64',
    '',
    ...(base64.match(/.{1,76}/g) ?? []),
    '',
  ]
}

/** RFC 2047 §2 for what is not ASCII: words of at most 75 characters, none of which cuts a letter. */
function encodedWords(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  const words: string[] = []
  let word = ''
  for (const letter of text) {
    if (Buffer.byteLength(word + letter) > 45) {
      words.push(word)
      word = ''
    }
    word += letter
  }
  return [...words, word].map((each) => `=?utf-8?B?${Buffer.from(each).toString('base64')}?=`).join('\r\n ')
}
