import { InvalidArgumentError } from 'commander'

/** A positive whole number given on the command line. */
export function parseWholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw new InvalidArgumentError('A positive whole number is expected.')
  return Number(text)
}
