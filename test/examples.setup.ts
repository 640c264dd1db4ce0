import { generate } from "../scripts/examples.ts"

export default (): void => {
  generate()
}
