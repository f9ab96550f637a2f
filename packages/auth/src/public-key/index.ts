export { parsePublicKeyText } from './parse.ts';
