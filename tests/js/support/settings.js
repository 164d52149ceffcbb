import fc from "fast-check";

/** How many examples each property tries; continuous integration asks for more. */
fc.configureGlobal({ numRuns: Number(process.env.FAST_CHECK_NUM_RUNS ?? 100) });

export { fc };
