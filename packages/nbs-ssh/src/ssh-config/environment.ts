/** All that evaluating a configuration asks of the world. */
export interface ConfigEnvironment {
  readonly home: string;
  /** Who runs this program. */
  readonly localUser: string;
  /** Number of that user; `0` where users have none. */
  readonly uid: number;
  /** Name of this machine, with its domain if it has one. */
  readonly hostName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Home of another user, or `undefined` when there is none of that name. */
  readonly homeOf: (user: string) => string | undefined;
  /** Folder of the user's configuration, and the system's. */
  readonly userFolder: string;
  readonly systemFolder: string;
  readonly isAbsolute: (path: string) => boolean;
  /**
   * Content of a file. @returns `undefined` when there is none of that name.
   *
   * @param options.checkOwner - Refuse a file that somebody else may have written.
   * @throws {ConfigError}
   */
  readonly readFile: (path: string, options: { readonly checkOwner: boolean }) => Promise<string | undefined>;
  /** Files that a pattern with wildcards means, sorted; without wildcards the path itself, if there is such a file. */
  readonly glob: (pattern: string) => Promise<readonly string[]>;
  /** Runs a command with a shell. @returns its exit status. Absent: `Match exec` is not allowed. */
  readonly exec?: ((command: string) => Promise<number>) | undefined;
}
