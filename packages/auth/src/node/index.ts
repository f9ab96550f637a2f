export { readCertificateFile } from './certificate-file.ts';
export { type ReadKeyFileOptions, readKeyFile } from './key-file.ts';
export { appendKnownHost, readKnownHostsFile } from './known-hosts-file.ts';
export { rewriteKnownHosts } from './known-hosts-rewrite.ts';
