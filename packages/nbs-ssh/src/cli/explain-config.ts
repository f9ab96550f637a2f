import { type ConfigError, describeProblem } from '../ssh-config/errors.ts';
import type { Explanation } from './explain.ts';

/** Problems of one file that are told; a file of another kind has one in each line. */
const TOLD = 5;

/** What is wrong with a configuration, and what to do about it. */
export function explainConfig(error: ConfigError): Explanation {
  switch (error.code) {
    case 'CONFIG_INVALID':
      return { cause: `The configuration has mistakes: ${problemsOf(error)}.`, remedy: remedyOf(error) };
    case 'CONFIG_PERMISSIONS':
      return {
        cause: `The configuration is not used: ${error.message}.`,
        remedy: 'It must belong to you or root, and nobody else may write it: chmod go-w FILE.',
      };
    case 'CONFIG_READ':
      return {
        cause: `The configuration cannot be read: ${error.message}.`,
        remedy: 'Check the path behind -F; -F none reads no file.',
      };
    case 'CONFIG_UNSAFE_NAME':
      return {
        cause: `${sentence(error.message)}.`,
        remedy:
          'Use the plain name of the host and of the user, without quotes, blanks and signs of a shell.',
      };
    case 'CONFIG_REFUSED':
      return {
        cause: `The configuration refuses to connect to this host: ${error.message}.`,
        remedy: 'Change RefuseConnection in the configuration if that is wrong.',
      };
    default:
      return {
        cause: `${sentence(error.message)}.`,
        remedy: 'Change the option where it stands; -F none leaves all files out.',
      };
  }
}

function problemsOf(error: ConfigError): string {
  const { problems } = error;
  if (problems.length === 0) return error.message;
  const told = problems.slice(0, TOLD).map(describeProblem).join('; ');
  return problems.length > TOLD ? `${told}; and ${problems.length - TOLD} more` : told;
}

function remedyOf({ problems }: ConfigError): string {
  const unknown = problems.filter(({ reason }) => reason === 'unknown_option').map(({ option }) => option);
  return unknown.length === 0
    ? 'Correct them, or leave the file out with -F none.'
    : `Correct them, or put "IgnoreUnknown ${unknown.join(',')}" in front.`;
}

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}`.replace(/\.$/, '');
