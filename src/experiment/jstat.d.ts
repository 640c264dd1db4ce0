/** The part of jstat that is in use; the package has no types of its own. */
declare module "jstat" {
  interface StudentT {
    readonly cdf: (x: number, degreesOfFreedom: number) => number
    readonly inv: (p: number, degreesOfFreedom: number) => number
  }
  const jstat: { readonly jStat: { readonly studentt: StudentT } }
  export default jstat
}
