import { type CryptoProvider, insecureNames } from './crypto/index.ts';
import type { Identification } from './identification.ts';
import { certificateFacts, fingerprint, type PublicKey, plainKeyOf } from './keys/index.ts';
import { disconnectReasonName, messageName } from './message-names.ts';
import type { KexInit } from './messages.ts';
import type { NegotiatedAlgorithms } from './negotiate.ts';
import { printable, type TraceSink, type TraceValue } from './wire/index.ts';

/** Reports what the transport sees, in the stable vocabulary of `docs/trace.md`. */
export class TransportTrace {
  readonly #sink: TraceSink | undefined;
  readonly #packets: boolean;
  /** Of the running exchange: it gives message 31 its name. */
  #inGroupExchange = false;
  /** Monotonic milliseconds of the driver, kept up to date by the machine. */
  now = 0;

  constructor(sink: TraceSink | undefined, packets: boolean) {
    this.#sink = sink;
    this.#packets = packets;
  }

  emit(name: string, fields: Record<string, TraceValue>): void {
    this.#sink?.({ name, time: this.now, fields });
  }

  identified(found: Identification): void {
    const line = printable(found.line);
    const software = line.replace(/^SSH-[0-9.]+-/, '');
    this.emit('transport.identification.received', { line, software, pre_lines: found.preLines });
  }

  kexInit(direction: 'sent' | 'received', init: KexInit, number: number): void {
    if (this.#sink === undefined) return;
    const shown = (names: readonly string[]): readonly string[] => names.map((name) => printable(name, 64));
    this.emit(`transport.kexinit.${direction}`, {
      kex: shown(init.kex),
      host_key: shown(init.hostKey),
      cipher_cs: shown(init.cipherClientToServer),
      cipher_sc: shown(init.cipherServerToClient),
      mac_cs: shown(init.macClientToServer),
      mac_sc: shown(init.macServerToClient),
      compression_cs: shown(init.compressionClientToServer),
      compression_sc: shown(init.compressionServerToClient),
      strict: init.kex.some((name) => name.startsWith('kex-strict-')),
      number,
    });
  }

  negotiated(chosen: NegotiatedAlgorithms, strict: boolean, number: number, guessDiscarded: boolean): void {
    this.#inGroupExchange = chosen.kex.startsWith('diffie-hellman-group-exchange-');
    this.emit('transport.kex.negotiated', {
      kex: chosen.kex,
      host_key: chosen.hostKey,
      cipher_cs: chosen.cipherClientToServer,
      cipher_sc: chosen.cipherServerToClient,
      mac_cs: chosen.macClientToServer,
      mac_sc: chosen.macServerToClient,
      compression_cs: chosen.compressionClientToServer,
      compression_sc: chosen.compressionServerToClient,
      strict_kex: strict,
      number,
      guess_discarded: guessDiscarded,
    });
  }

  /** What was opted into and offered, and what of it is used now. Nothing where nothing was opted into. */
  insecure(crypto: CryptoProvider, offer: KexInit, chosen: NegotiatedAlgorithms, number: number): void {
    const insecure = insecureNames(crypto);
    const among = (names: readonly (string | null)[]): readonly string[] =>
      insecure.filter((name) => names.includes(name));
    const { kex, hostKey, cipherClientToServer, macClientToServer } = offer;
    const offered = among([...kex, ...hostKey, ...cipherClientToServer, ...macClientToServer]);
    if (offered.length === 0) return;
    const negotiated = among(Object.values(chosen));
    this.emit('transport.kex.insecure', { offered, negotiated, number });
  }

  hostKey(crypto: CryptoProvider, hostKey: PublicKey, algorithm: string): void {
    if (this.#sink === undefined) return;
    const { keyType, certificate } = hostKey;
    const facts = certificate === undefined ? undefined : certificateFacts(crypto.hash, certificate);
    this.emit('transport.hostkey.received', {
      key_type: keyType,
      fingerprint: fingerprint(crypto.hash, plainKeyOf(hostKey).blob),
      algorithm,
      ...(facts === undefined
        ? {}
        : {
            key_id: facts.keyId,
            serial: facts.serial,
            ca_fingerprint: facts.caFingerprint,
            valid_from: facts.validFrom,
            valid_until: facts.validUntil,
          }),
    });
  }

  disconnect(direction: 'sent' | 'received', code: number, description: string): void {
    const reason = disconnectReasonName(code);
    this.emit(`transport.disconnect.${direction}`, { code, reason, description });
  }

  packet(direction: 'sent' | 'received', number: number, length: number, sequence: number): void {
    if (!this.#packets) return;
    this.emit('transport.packet', {
      direction,
      number,
      name: messageName(number, this.#inGroupExchange),
      length,
      sequence,
    });
  }
}
