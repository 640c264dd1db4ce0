/** Whether it is one of the convolutions of a residual network, by its name. */
export const isConvolution = (layer: string) => /conv\d$/.test(layer)
