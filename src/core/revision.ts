/** A whole number of one view that only grows: how many commits have changed its inputs. */
export type Revision = number

/**
 * A number that is never given twice inside one database. It changes exactly when what a record shows changes, so
 * two equal stamps of one record mean one value, in whatever view they were seen.
 */
export type Stamp = number

/** The stamp of an input that holds nothing, and of a query that has never run. */
export const ABSENT: Stamp = 0

/** The stamp of an input that shows the `initial` of its definition: one value, therefore one stamp, everywhere. */
export const INITIAL: Stamp = 1

/** The first stamp handed out to a value. */
export const FIRST_STAMP: Stamp = 2
