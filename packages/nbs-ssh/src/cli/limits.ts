/** Milliseconds that ending cleanly may take after a signal; a dead network must not keep anybody waiting. */
export const LAST_WORDS = 3000;

/** Milliseconds for goodbye when the user leaves by an escape, perhaps because nothing goes any more. */
export const LEAVING = 200;
