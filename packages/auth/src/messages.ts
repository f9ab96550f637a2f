import {
  bool,
  concat,
  type MessageCodec,
  message,
  nameList,
  rest,
  string,
  text,
  utf8,
  WireReader,
  WireWriter,
} from '@nbs-ssh/transport/wire';
import { authError } from './errors.ts';

/** The service that this package implements, RFC 4252. */
export const USERAUTH_SERVICE = 'ssh-userauth';
/** The only service that may follow it here, RFC 4254. */
export const CONNECTION_SERVICE = 'ssh-connection';

/** Most prompts in one INFO_REQUEST. Real dialogs have one or two; RFC 4256 sets no limit. */
export const MAX_PROMPTS = 32;
/** Longest name, instruction or prompt, in bytes. Long enough for a terms-of-use page. */
export const MAX_PROMPT_LENGTH = 8192;
/** Fewest bytes of one prompt: its length and the echo flag. A count may not promise more than can be there. */
const MIN_PROMPT = 5;
const MIN_RESPONSE = 4;

/** SSH_MSG_SERVICE_REQUEST, RFC 4253 §10. */
export interface ServiceRequest {
  readonly service: string;
}
export const ServiceRequest: MessageCodec<ServiceRequest> = /* @__PURE__ */ message<ServiceRequest>(
  'SSH_MSG_SERVICE_REQUEST',
  5,
  { service: text },
);

/** SSH_MSG_SERVICE_ACCEPT, RFC 4253 §10. */
export interface ServiceAccept {
  readonly service: string;
}
export const ServiceAccept: MessageCodec<ServiceAccept> = /* @__PURE__ */ message<ServiceAccept>(
  'SSH_MSG_SERVICE_ACCEPT',
  6,
  { service: text },
);

/** SSH_MSG_USERAUTH_REQUEST, RFC 4252 §5. The method decides how `fields` is read. */
export interface UserauthRequest {
  /** Bytes, because a name that is not UTF-8 is refused like a wrong one, not as a broken message. */
  readonly username: Uint8Array;
  readonly service: string;
  readonly method: string;
  readonly fields: Uint8Array;
}
export const UserauthRequest: MessageCodec<UserauthRequest> = /* @__PURE__ */ message<UserauthRequest>(
  'SSH_MSG_USERAUTH_REQUEST',
  50,
  { username: string, service: text, method: text, fields: rest },
);

/** SSH_MSG_USERAUTH_FAILURE, RFC 4252 §5.1. */
export interface UserauthFailure {
  /** Methods that may go on, in no promised order. */
  readonly methods: readonly string[];
  readonly partialSuccess: boolean;
}
export const UserauthFailure: MessageCodec<UserauthFailure> = /* @__PURE__ */ message<UserauthFailure>(
  'SSH_MSG_USERAUTH_FAILURE',
  51,
  { methods: nameList, partialSuccess: bool },
);

/** SSH_MSG_USERAUTH_SUCCESS, RFC 4252 §5.1: a number and nothing else. */
export type UserauthSuccess = Readonly<Record<never, never>>;
export const UserauthSuccess: MessageCodec<UserauthSuccess> = /* @__PURE__ */ message<UserauthSuccess>(
  'SSH_MSG_USERAUTH_SUCCESS',
  52,
  {},
);

/** SSH_MSG_USERAUTH_BANNER, RFC 4252 §5.4. */
export interface UserauthBanner {
  /** Bytes, because deployed servers send what is not UTF-8. */
  readonly message: Uint8Array;
  readonly language: Uint8Array;
}
export const UserauthBanner: MessageCodec<UserauthBanner> = /* @__PURE__ */ message<UserauthBanner>(
  'SSH_MSG_USERAUTH_BANNER',
  53,
  { message: string, language: string },
);

/** SSH_MSG_USERAUTH_PK_OK, RFC 4252 §7. One of three meanings of number 60. */
export interface UserauthPkOk {
  readonly algorithm: string;
  readonly publicKey: Uint8Array;
}
export const UserauthPkOk: MessageCodec<UserauthPkOk> = /* @__PURE__ */ message<UserauthPkOk>(
  'SSH_MSG_USERAUTH_PK_OK',
  60,
  { algorithm: text, publicKey: string },
);

/** SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, RFC 4252 §8. */
export interface UserauthPasswdChangereq {
  readonly prompt: Uint8Array;
  readonly language: Uint8Array;
}
export const UserauthPasswdChangereq: MessageCodec<UserauthPasswdChangereq> =
  /* @__PURE__ */ message<UserauthPasswdChangereq>('SSH_MSG_USERAUTH_PASSWD_CHANGEREQ', 60, {
    prompt: string,
    language: string,
  });

/** One question of a dialog, RFC 4256 §3.2. */
export interface WirePrompt {
  readonly text: Uint8Array;
  /** `false` asks for an answer that is not shown while it is typed. */
  readonly echo: boolean;
}

/** SSH_MSG_USERAUTH_INFO_REQUEST, RFC 4256 §3.2. */
export interface UserauthInfoRequest {
  readonly name: Uint8Array;
  readonly instruction: Uint8Array;
  readonly language: Uint8Array;
  readonly prompts: readonly WirePrompt[];
}
export const UserauthInfoRequest: MessageCodec<UserauthInfoRequest> =
  /* @__PURE__ */ message<UserauthInfoRequest>('SSH_MSG_USERAUTH_INFO_REQUEST', 60, {
    name: string,
    instruction: string,
    language: string,
    prompts: {
      read: (r, field) => {
        const count = boundedCount(r, field, MIN_PROMPT);
        return Array.from({ length: count }, () => ({ text: r.string(field), echo: r.bool(field) }));
      },
      write: (w, prompts) => {
        w.u32(prompts.length);
        for (const prompt of prompts) w.string(prompt.text).bool(prompt.echo);
      },
    },
  });

/** SSH_MSG_USERAUTH_INFO_RESPONSE, RFC 4256 §3.4. */
export interface UserauthInfoResponse {
  readonly responses: readonly Uint8Array[];
}
export const UserauthInfoResponse: MessageCodec<UserauthInfoResponse> =
  /* @__PURE__ */ message<UserauthInfoResponse>('SSH_MSG_USERAUTH_INFO_RESPONSE', 61, {
    responses: {
      read: (r, field) => {
        const count = boundedCount(r, field, MIN_RESPONSE);
        return Array.from({ length: count }, () => r.string(field));
      },
      write: (w, responses) => {
        w.u32(responses.length);
        for (const response of responses) w.string(response);
      },
    },
  });

function boundedCount(reader: WireReader, what: string, minimum: number): number {
  const count = reader.u32(what);
  const limit = Math.min(MAX_PROMPTS, Math.floor(reader.remaining / minimum));
  if (count > limit) throw authError('AUTH_LIMIT', { what, limit, received: count });
  return count;
}

/** A request of this package's only service, with the method's own fields behind it. */
export function userauthRequest(username: string, method: string, fields: WireWriter): Uint8Array {
  return UserauthRequest.encode({
    username: utf8(username),
    service: CONNECTION_SERVICE,
    method,
    fields: fields.finish(),
  });
}

/** Fields of method `publickey`, RFC 4252 §7, up to where a signature would follow. */
export function publicKeyFields(hasSignature: boolean, algorithm: string, blob: Uint8Array): WireWriter {
  return new WireWriter().bool(hasSignature).text(algorithm).string(blob);
}

/**
 * What a public-key signature covers, RFC 4252 §7: the session id, then the request without its signature.
 *
 * Both ends build it here, so it binds the same user, service, algorithm and key on both.
 */
export function signedData(
  sessionId: Uint8Array,
  username: string,
  algorithm: string,
  blob: Uint8Array,
): Uint8Array {
  const request = userauthRequest(username, 'publickey', publicKeyFields(true, algorithm, blob));
  return concat(new WireWriter().string(sessionId).finish(), request);
}

/** Fields of method `publickey` as a server reads them. */
export interface PublicKeyFields {
  readonly hasSignature: boolean;
  readonly algorithm: string;
  readonly blob: Uint8Array;
  /** Absent for a query, and for a request that announces a signature and has none. */
  readonly signature: Uint8Array | undefined;
}

/** @throws {WireError} */
export function readPublicKeyFields(fields: Uint8Array): PublicKeyFields {
  const reader = new WireReader(fields);
  const hasSignature = reader.bool('publickey.hasSignature');
  const algorithm = reader.text('publickey.algorithm');
  const blob = reader.string('publickey.blob');
  const signature = hasSignature && reader.remaining > 0 ? reader.string('publickey.signature') : undefined;
  reader.end('publickey');
  return { hasSignature, algorithm, blob, signature };
}

/** Fields of method `password`, RFC 4252 §8. */
export interface PasswordFields {
  readonly password: Uint8Array;
  /** Present when the client changes its password with this request. */
  readonly newPassword: Uint8Array | undefined;
}

/** @throws {WireError} */
export function readPasswordFields(fields: Uint8Array): PasswordFields {
  const reader = new WireReader(fields);
  const change = reader.bool('password.change');
  const password = reader.string('password.password');
  const newPassword = change ? reader.string('password.newPassword') : undefined;
  reader.end('password');
  return { password, newPassword };
}

/** Fields of method `keyboard-interactive`, RFC 4256 §3.1. */
export interface KeyboardInteractiveFields {
  readonly language: string;
  readonly submethods: string;
}

/** @throws {WireError} */
export function readKeyboardInteractiveFields(fields: Uint8Array): KeyboardInteractiveFields {
  const reader = new WireReader(fields);
  const language = reader.text('keyboard-interactive.language');
  const submethods = reader.text('keyboard-interactive.submethods');
  reader.end('keyboard-interactive');
  return { language, submethods };
}
