/** The part of jstat that is in use; the package has no types of its own. */
declare module "jstat" {
  interface StudentT {
    readonly inv: (p: number, degreesOfFreedom: number) => number
  }
  interface ChiSquare {
    readonly inv: (p: number, degreesOfFreedom: number) => number
  }
  interface Normal {
    readonly cdf: (x: number, mean: number, deviation: number) => number
  }
  const jstat: {
    readonly jStat: {
      readonly studentt: StudentT
      readonly chisquare: ChiSquare
      readonly normal: Normal
      /** The regularized incomplete beta function I_x(a, b). */
      readonly ibeta: (x: number, a: number, b: number) => number
    }
  }
  export default jstat
}
