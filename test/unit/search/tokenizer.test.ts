import { expect, test } from '@jest/globals'
import { MAX_WORD_BYTES, pathToken, tokens, VALUE_BREAK } from '../../../src/search/tokenizer.ts'

test.each([
  ['Risk_Assessment v2.pdf', ['risk', 'assessment', 'v2', 'pdf']],
  ['Résumé naïve', ['resume', 'naive']],
  ['ﬁle ①', ['file', '1']],
  ['ΟΔΟΣ οδοσ', ['οδοσ', 'οδοσ']],
  ['İstanbul', ['istanbul']],
  ['日本語 テスト', ['日本語', 'テスト']],
  ['… -- 🔥 \ud800', []],
  [`a${VALUE_BREAK}b`, ['a', 'b']],
])('%s', (text, expected) => {
  expect(tokens(text)).toEqual(expected)
})

test('a long word is cut into consecutive words that lose nothing', () => {
  for (const letter of ['a', 'ж', '漢', '𐐨']) {
    const word = letter.repeat(200)
    const pieces = tokens(word)
    expect(pieces.join('')).toBe(word)
    expect(Math.max(...pieces.map((piece) => Buffer.byteLength(piece)))).toBeLessThanOrEqual(MAX_WORD_BYTES)
  }
})

test('a path matches in any case, holds no space and is never longer than 255 bytes', () => {
  expect(pathToken('before.Réf No', 'x')).toBe(pathToken('BEFORE.ref no', 'x'))
  expect(pathToken('before.a\u{E002}b', 'x')).not.toContain('a\u{E002}b')
  const long = (end: string) => pathToken(`metadata.${'漢'.repeat(500)}${end}`, 'a'.repeat(MAX_WORD_BYTES))
  expect(Buffer.byteLength(long('1'))).toBeLessThanOrEqual(255)
  expect(long('1')).not.toBe(long('2'))
  expect(long('1')).not.toMatch(/\s/)
})
