import { transportError } from './errors.ts';
import { concat, EMPTY, plainBytes, printable, utf8 } from './wire/index.ts';

/** Longest identification line, including CR LF. RFC 4253 §4.2. */
const MAX_LINE = 255;
/** Lines a server may send before its identification. The RFC sets no limit; Go and OpenSSH take 1024. */
const MAX_PRE_LINES = 1024;
/** Bytes kept of the start of the stream, to guess what a peer is that never says SSH. */
const KEPT_FOR_GUESS = 64;
const CR = 0x0d;
const LF = 0x0a;

export interface Identification {
  /**
   * The raw line without its ending: V_C or V_S of the exchange hash, RFC 4253 §8. It stays bytes because
   * decoding it to text would not round-trip.
   */
  readonly line: Uint8Array;
  /** What arrived behind the line. */
  readonly rest: Uint8Array;
  /** Lines that came before. */
  readonly preLines: number;
}

/**
 * Finds the peer's identification line at the start of the stream.
 *
 * Lines before it are dropped as they end, so at most one line is held. A bare LF ends a line, because deployed
 * servers send one; the RFC asks for CR LF.
 */
export class IdentificationReader {
  readonly #peer: 'client' | 'server';
  #held: Uint8Array = EMPTY;
  #first: Uint8Array = EMPTY;
  #preLines = 0;

  /** @param peer - The peer's role: a client may neither send lines before its own nor speak 1.99. */
  constructor(peer: 'client' | 'server') {
    this.#peer = peer;
  }

  /**
   * @returns `undefined` when the line is not complete yet.
   * @throws {TransportError} `TRANSPORT_IDENTIFICATION`, `TRANSPORT_IDENTIFICATION_CONTENT`, `TRANSPORT_VERSION`,
   *   `TRANSPORT_NOT_SSH`
   */
  receive(bytes: Uint8Array): Identification | undefined {
    if (this.#first.length < KEPT_FOR_GUESS) {
      this.#first = concat(this.#first, bytes.subarray(0, KEPT_FOR_GUESS - this.#first.length));
    }
    if (neverEndsALine(this.#first)) throw this.notSsh();
    const received = this.#held.length === 0 ? plainBytes(bytes) : concat(this.#held, bytes);
    let start = 0;
    for (;;) {
      const end = received.indexOf(LF, start);
      const length = (end === -1 ? received.length : end + 1) - start;
      if (length > MAX_LINE) {
        throw transportError('TRANSPORT_IDENTIFICATION', { limit: MAX_LINE, what: 'bytes' });
      }
      if (end === -1) {
        this.#held = received.slice(start);
        return undefined;
      }
      const line = received.subarray(start, received[end - 1] === CR && end > start ? end - 1 : end);
      if (startsWith(line, SSH)) {
        checkLine(line, this.#peer);
        return { line: line.slice(), rest: received.subarray(end + 1), preLines: this.#preLines };
      }
      if (this.#peer === 'client') throw this.notSsh();
      this.#preLines += 1;
      if (this.#preLines > MAX_PRE_LINES) {
        throw transportError('TRANSPORT_IDENTIFICATION', { limit: MAX_PRE_LINES, what: 'lines' });
      }
      start = end + 1;
    }
  }

  /** Whether what came so far cannot be the beginning of an SSH line: the peer is something else. */
  get heardOther(): boolean {
    const length = Math.min(this.#first.length, SSH.length);
    return !startsWith(SSH, this.#first.subarray(0, length));
  }

  /** Whether what came so far is the greeting of a protocol that we know, and not just any line before SSH's own. */
  get heardKnownOther(): boolean {
    return this.heardOther && guessProtocol(this.#first) !== UNKNOWN;
  }

  /** The error for a peer that is something else, with a guess of what it is. */
  notSsh(): ReturnType<typeof transportError<'TRANSPORT_NOT_SSH'>> {
    const first = printable(this.#first.subarray(0, 32), 32);
    return transportError('TRANSPORT_NOT_SSH', { guess: guessProtocol(this.#first), first });
  }
}

const SSH = /* @__PURE__ */ utf8('SSH-');
const HTTP = /* @__PURE__ */ utf8('HTTP/');

function checkLine(line: Uint8Array, peer: 'client' | 'server'): void {
  const text = printable(line);
  // RFC 4253 §4.2 allows printable US-ASCII; NUL is forbidden by name. Anything else here is an attack or noise.
  if (line.some((byte) => byte < 0x20 || byte > 0x7e)) {
    throw transportError('TRANSPORT_IDENTIFICATION_CONTENT', { line: text });
  }
  const accepted = peer === 'server' ? /^SSH-(?:2\.0|1\.99)-[^ ]+(?: .*)?$/ : /^SSH-2\.0-[^ ]+(?: .*)?$/;
  if (!accepted.test(text)) throw transportError('TRANSPORT_VERSION', { line: text });
}

/** TLS and HTTP are known from their first bytes; TLS would never send the line feed that ends the wait. */
function neverEndsALine(first: Uint8Array): boolean {
  return isTls(first) || startsWith(first, HTTP);
}

function isTls(first: Uint8Array): boolean {
  return (first[0] === 0x15 || first[0] === 0x16) && first[1] === 0x03;
}

const UNKNOWN = 'another protocol';

function guessProtocol(first: Uint8Array): string {
  if (isTls(first)) return 'TLS (HTTPS?)';
  const text = printable(first, KEPT_FOR_GUESS);
  if (/^HTTP\/|^(?:GET|POST|HEAD|PUT|OPTIONS|CONNECT) /.test(text)) return 'HTTP';
  if (/^220[ -].*ftp/i.test(text)) return 'FTP';
  if (/^220[ -]/.test(text)) return 'SMTP or FTP';
  if (text.startsWith('+OK')) return 'POP3';
  if (text.startsWith('* OK')) return 'IMAP';
  if (text.startsWith('RFB ')) return 'VNC';
  return UNKNOWN;
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && prefix.every((byte, index) => bytes[index] === byte);
}
