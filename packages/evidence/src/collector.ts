import type { EventSink, EventType, SSHEvent } from './events.ts';
import { Ring } from './ring.ts';

/** Events kept unless told otherwise: a busy day of commands, a few MiB at most. */
export const DEFAULT_CAPACITY = 10_000;

/** Keeps the newest events of one or more sessions in memory and passes them on to listeners. */
export class EventCollector {
  readonly #ring: Ring<SSHEvent>;
  readonly #listeners = new Set<EventSink>();
  #listenerErrors = 0;

  /**
   * @param options - `capacity`: how many events to keep.
   * @throws {RangeError} when `capacity` is not a positive integer.
   */
  constructor(options: { readonly capacity?: number } = {}) {
    this.#ring = new Ring(options.capacity ?? DEFAULT_CAPACITY);
  }

  /** A snapshot, oldest first. */
  get events(): readonly SSHEvent[] {
    return this.#ring.toArray();
  }

  /** Events that had to make room for newer ones. Exact. */
  get dropped(): number {
    return this.#ring.dropped;
  }

  /** Listeners that threw. Their errors go nowhere else: a listener must not break a connection. */
  get listenerErrors(): number {
    return this.#listenerErrors;
  }

  /** Events of one type, with their data typed. */
  getByType<T extends EventType>(type: T): readonly SSHEvent<T>[] {
    return this.events.filter((event) => event.eventType === type) as unknown as SSHEvent<T>[];
  }

  /** Takes an event. Never throws. */
  record(event: SSHEvent): void {
    this.#ring.push(event);
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        this.#listenerErrors += 1;
      }
    }
  }

  /** Forgets all events and resets {@link dropped}. Listeners stay. */
  clear(): void {
    this.#ring.clear();
  }

  /**
   * Calls `listener` with every event from now on, synchronously.
   *
   * @returns a function that ends it.
   */
  on(listener: EventSink): () => void {
    const own: EventSink = (event) => listener(event);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }
}
