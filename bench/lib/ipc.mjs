// Answers of a process that was forked.

/** The next message of `child`. @throws {Error} what it reports as its error, or that it has ended. */
export function reply(child) {
  return new Promise((resolve, reject) => {
    const exit = (code) => reject(new Error(`a process of the benchmark ended with ${code}`));
    child.once('exit', exit);
    child.once('message', (message) => {
      child.off('exit', exit);
      if (message.error === undefined) resolve(message);
      else reject(new Error(message.error));
    });
  });
}
