/** Read into by every socket in turn: what comes is copied out before another socket can read. */
const SHARED_SIZE = 65_536;
/** Private memory of a socket in the middle of a bulk transfer: some eight packets, so one allocation for all of them. */
const SLAB_SIZE = 262_144;
/** A read needs this much room, else the rest of a slab is given up: small reads cost a system call each. */
const LEAST_ROOM = 65_536;
/** A read of less says that the bulk is over, and the connection may be idle from here on. */
const BULK_READ = 16_384;

let shared: Uint8Array | undefined;

/**
 * Where the operating system puts what a socket receives.
 *
 * An idle or interactive connection owns no memory. In bulk, successive reads lie one behind the other, so that a
 * packet which spans reads can still be opened where it lies.
 */
export class ReceiveBuffer {
  #slab: Uint8Array | undefined;
  #used = 0;

  /** Room for the next read. */
  next(): Uint8Array {
    if (this.#slab !== undefined) return this.#slab.subarray(this.#used);
    shared ??= new Uint8Array(SHARED_SIZE);
    return shared;
  }

  /** Says that a read filled the first `length` bytes of `room`. @returns them, for good. */
  take(length: number, room: Uint8Array): Uint8Array {
    if (this.#slab === undefined) {
      if (length === room.length) this.#begin();
      return new Uint8Array(room.subarray(0, length));
    }
    this.#used += length;
    if (length < BULK_READ) this.#slab = undefined;
    else if (SLAB_SIZE - this.#used < LEAST_ROOM) this.#begin();
    return room.subarray(0, length);
  }

  #begin(): void {
    // Not cleared: nobody is shown more than was read into it.
    const { buffer, byteOffset, length } = Buffer.allocUnsafeSlow(SLAB_SIZE);
    this.#slab = new Uint8Array(buffer, byteOffset, length);
    this.#used = 0;
  }
}
