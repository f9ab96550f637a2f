/** What a configuration may make us read and keep. ssh has no such limits; a file that reaches one is no configuration. */

/** Bytes of one file. The longest that people keep have some thousand hosts, which is a tenth of this. */
export const MAX_FILE_BYTES = 1_048_576;
/** Bytes of all files of one evaluation, included ones counted each time they are read. */
export const MAX_TOTAL_BYTES = 8_388_608;
/** Characters of one line: five times a list of every algorithm there is. */
export const MAX_LINE_LENGTH = 16_384;
/** How deep files may include others. The same number as OpenSSH. */
export const MAX_INCLUDE_DEPTH = 16;
/** Files of one evaluation. A folder of one file a host is still far below. */
export const MAX_FILES = 1000;
/** Names that one folder may have where an Include has a wildcard: a larger one was not meant. */
export const MAX_FOLDER_ENTRIES = 20_000;
/** Values of an option that accumulates. OpenSSH takes 100 keys and 100 certificates, and 256 of the others. */
export const MAX_LIST = 256;
export const MAX_KEY_FILES = 100;
/** Problems that one error lists; a file of another kind has one in each line. */
export const MAX_PROBLEMS = 50;
/** Milliseconds that a command of `Match exec` may take, which is asked before anything else happens. */
export const EXEC_TIMEOUT = 30_000;
