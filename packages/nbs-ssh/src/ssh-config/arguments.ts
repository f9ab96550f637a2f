import { LineProblem } from './errors.ts';

/** What a line gives an option: its words, taken one by one, and its text for those that are commands. */
export class LineArguments {
  readonly #words: readonly string[];
  #at = 0;
  /** Everything behind the keyword, for options that are a command line and no words. */
  readonly text: string;
  /** Of this process: paths and forwards may name variables. */
  readonly env: Readonly<Record<string, string | undefined>>;

  constructor(words: readonly string[], text: string, env: Readonly<Record<string, string | undefined>>) {
    this.#words = words;
    this.text = text;
    this.env = env;
  }

  /** The next word. @throws {LineProblem} when there is none, or it is empty. */
  next(): string {
    const word = this.take();
    if (word === undefined || word === '') throw new LineProblem('syntax', 'a value is missing');
    return word;
  }

  take(): string | undefined {
    const word = this.#words[this.#at];
    if (word !== undefined) this.#at += 1;
    return word;
  }

  get isEmpty(): boolean {
    return this.#at >= this.#words.length;
  }

  rest(): readonly string[] {
    const words = this.#words.slice(this.#at);
    this.#at = this.#words.length;
    return words;
  }

  /** The line as a command: it is not split, and quotes and `#` belong to it. @throws {LineProblem} without one. */
  command(): string {
    this.rest();
    const command = this.text.replace(/^[ \t\r\n=]+/, '');
    if (command === '') throw new LineProblem('syntax', 'a value is missing');
    return command;
  }

  /** @throws {LineProblem} when something is left over. */
  end(): void {
    if (!this.isEmpty) throw new LineProblem('syntax', 'there is more than its value');
  }
}
