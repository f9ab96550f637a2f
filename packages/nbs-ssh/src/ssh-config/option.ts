import type { LineArguments } from './arguments.ts';
import type { RawSettings } from './raw-settings.ts';

/** Where a line stands, as far as that changes what it means. */
export interface LineOrigin {
  /** The user's own file or the command line, not the system's. */
  readonly own: boolean;
  /** Tells what is not done as the line says. */
  readonly warn: (caveat: Caveat) => void;
}

/** What a value asks for and does not get. */
export interface Caveat {
  readonly level: 'warning' | 'note';
  /** The end of a sentence that begins with the option. */
  readonly text: string;
}

/** What a line does to the settings when its block applies. */
export type Assignment = (settings: RawSettings, origin: LineOrigin) => void;

/** An option that ssh_config may have and that we know the meaning of. */
export interface ConfigOption {
  /** As documentation writes it. */
  readonly name: string;
  /** Reads the value. Lines of blocks that do not apply are read too. @throws {LineProblem} */
  readonly read: (args: LineArguments) => Assignment;
}

/** An option with one value: the first one counts, and `undefined` is none. */
export function option<K extends keyof RawSettings>(
  name: string,
  key: K,
  read: (args: LineArguments) => RawSettings[K],
  caveat?: (value: NonNullable<RawSettings[K]>) => Caveat | undefined,
): ConfigOption {
  return {
    name,
    read: (args) => {
      const value = read(args);
      return (settings, { warn }) => {
        if (value === undefined || value === null || settings[key] !== undefined) return;
        settings[key] = value;
        const lacking = caveat?.(value);
        if (lacking !== undefined) warn(lacking);
      };
    },
  };
}

/** A caveat for every value but `no`. */
export function unlessOff(level: Caveat['level'], text: string): (value: unknown) => Caveat | undefined {
  return (value) => (value === false ? undefined : { level, text });
}

/** An option of another kind: its values add up, or it has several parts. */
export function custom(name: string, read: ConfigOption['read']): ConfigOption {
  return { name, read };
}
