/** Version of this package; the build checks it against package.json. */
export const VERSION = '0.1.0';

/** Software version of our identification line. RFC 4253 §4.2 forbids the minus sign in it. */
export const SOFTWARE: string = `nbs_ssh_${VERSION}`;
