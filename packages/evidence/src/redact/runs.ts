/** Which of the first 128 characters belong to a class. */
export type CharacterClass = Uint8Array;

export function characterClass(characters: string): CharacterClass {
  const out = new Uint8Array(128);
  for (let i = 0; i < characters.length; i += 1) out[characters.charCodeAt(i)] = 1;
  return out;
}

/**
 * Replaces each longest run of characters of a class that is at least `least` long.
 *
 * By hand, because a regular expression needs memory in proportion to the run and gives up at some megabytes.
 */
export function replaceRuns(
  text: string,
  of: CharacterClass,
  least: number,
  replace: (run: string, at: number) => string,
): string {
  let out = '';
  let from = 0;
  let start = 0;
  for (let i = 0; i <= text.length; i += 1) {
    if (i < text.length && of[text.charCodeAt(i)] === 1) continue;
    if (i - start >= least) {
      const run = text.slice(start, i);
      const replaced = replace(run, start);
      if (replaced !== run) {
        out += text.slice(from, start) + replaced;
        from = i;
      }
    }
    start = i + 1;
  }
  return from === 0 ? text : out + text.slice(from);
}
