/** Waits before the next try are neither shortened nor lengthened. */
export const MIDDLE_CHANCE = () => 2 / 3;
