/** Milliseconds that ending cleanly may take after a signal; a dead network must not keep anybody waiting. */
export const LAST_WORDS = 3000;
