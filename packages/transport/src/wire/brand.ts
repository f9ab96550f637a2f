declare const brand: unique symbol;

/** A `Base` that only its own constructor function can make, so two meanings of one type cannot be swapped. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
