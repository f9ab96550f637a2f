/** What JSON can hold. `undefined` properties are left out when written. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/**
 * JSON text on one line without any character that could move a cursor, reorder a line or hide.
 *
 * C0 is escaped by JSON itself; DEL, C1, bidirectional controls, zero-width characters and the BOM are escaped
 * here. The escapes are JSON's own, so reading gives the same text back.
 */
export function safeStringify(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    HIDDEN,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const HIDDEN = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
