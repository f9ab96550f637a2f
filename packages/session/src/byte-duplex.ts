/**
 * A reliable ordered byte pipe: the one thing a runtime must supply.
 *
 * Structural on purpose. A `Deno.Conn`, a Cloudflare socket and a pair of `TransformStream`s already fit, and
 * no DOM or Node type appears in this package's declarations. A chunk that was read belongs to the session, which
 * decrypts it in place; a chunk that was written is never changed again, unless `copies` says that it may be.
 */
export interface ByteDuplex {
  readonly readable: {
    getReader(): {
      read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
      cancel(reason?: unknown): Promise<unknown>;
    };
  };
  readonly writable: {
    /** When a write has resolved, nobody reads its chunk any more: the memory may be used for the next one. */
    readonly copies?: boolean;
    getWriter(): {
      write(chunk: Uint8Array): Promise<unknown>;
      close(): Promise<unknown>;
      abort(reason?: unknown): Promise<unknown>;
    };
  };
}
