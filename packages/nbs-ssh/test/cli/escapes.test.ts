import { describe, expect, it } from 'vitest';
import { EscapeMachine, escapeHelp, showEscape, type Typed } from '../../src/cli/escapes.ts';

const TILDE = 0x7e;
const EACH = '<help><forwards><rekey><break><more-verbose><less-verbose><suspend>';
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Keys as text, commands in angle brackets; `|` is where the input was cut. */
function shown(typed: readonly Typed[]): string {
  return typed
    .map((each) => (each.type === 'keys' ? String.fromCharCode(...each.bytes) : `<${each.command}>`))
    .join('');
}

describe('escapes', () => {
  it.each([
    ['leaves at the very start', '~.', '<leave>'],
    ['leaves at the start of a line only', 'a~.\r~.', 'a~.\r<leave>'],
    ['takes LF for the end of a line too', 'a\n~.', 'a\n<leave>'],
    ['sends the escape once when it is typed twice', '\r~~.', '\r~.'],
    ['knows several escapes one after the other', '~?~#~R~B~v~V~\x1a', EACH],
    ['sends both for a key that is no escape', '~x~.\r~.', '~x~.\r<leave>'],
    ['starts a line behind an escape character and a return', '~\r~.', '~\r<leave>'],
    ['has nothing of ~C and ~&', '~C\r~&', '~C\r~&'],
    ['leaves other bytes alone', '\x00\xff\x7f\x03ls ~\r', '\x00\xff\x7f\x03ls ~\r'],
  ])('%s', (_, input, expected) => {
    const whole = new EscapeMachine(TILDE);
    expect(shown(whole.take(bytes(input)))).toBe(expected);
    for (let cut = 0; cut <= input.length; cut += 1) {
      const machine = new EscapeMachine(TILDE);
      const parts = [...machine.take(bytes(input.slice(0, cut))), ...machine.take(bytes(input.slice(cut)))];
      expect(shown(parts)).toBe(expected);
    }
    const single = new EscapeMachine(TILDE);
    expect(shown([...input].flatMap((character) => single.take(bytes(character))))).toBe(expected);
  });

  it('keeps the escape character until the next key, and gives it out at the end', () => {
    const machine = new EscapeMachine(TILDE);
    expect(machine.take(bytes('ls\r~'))).toEqual([{ type: 'keys', bytes: bytes('ls\r') }]);
    expect(shown(machine.end())).toBe('~');
    expect(machine.end()).toEqual([]);
  });

  it('never gives out empty keys', () => {
    expect(new EscapeMachine(TILDE).take(bytes(''))).toEqual([]);
    expect(new EscapeMachine(undefined).take(bytes(''))).toEqual([]);
    expect(new EscapeMachine(TILDE).take(bytes('~.~?'))).toHaveLength(2);
  });

  it('has no escapes without a character, and others with another one', () => {
    expect(shown(new EscapeMachine(undefined).take(bytes('~.\r~.')))).toBe('~.\r~.');
    const control = new EscapeMachine(0x1d);
    expect(shown(control.take(bytes('~.\r\x1d.\x1d\x1d')))).toBe('~.\r<leave>\x1d');
  });

  it('takes a key for itself that is also the escape character', () => {
    expect(shown(new EscapeMachine(0x2e).take(bytes('..\r.?')))).toBe('.\r<help>');
  });

  it('names the character in its help as a configuration does', () => {
    expect(showEscape(0x1d)).toBe('^]');
    expect(escapeHelp(TILDE).join('\n')).toContain('~.   leaves');
  });
});
