export {
  EvidenceBundleFile as EvidenceBundle,
  EvidenceBundleFile,
  readBundle,
  writeBundle,
} from './bundle-file.ts';
export { JsonlFile } from './jsonl-file.ts';
