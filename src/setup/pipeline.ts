type Json = Readonly<Record<string, unknown>>

export interface PipelineBody extends Json {
  readonly processors: readonly Json[]
}

export interface FittedPipeline {
  readonly body: PipelineBody
  /** Types of processors of the file that the cluster does not have. */
  readonly leftOut: readonly string[]
}

/** What refuses documents: a pipeline that could not refuse would only pretend. */
const REQUIRED = ['script']

/** The pipeline of a file with the processors that the cluster has; null where it lacks those that refuse. */
export function fitPipeline(file: PipelineBody, processors: ReadonlySet<string>): FittedPipeline | null {
  if (!REQUIRED.every((type) => processors.has(type))) return null
  const isThere = (processor: Json) => Object.keys(processor).every((type) => processors.has(type))
  const leftOut = file.processors.filter((each) => !isThere(each)).flatMap((each) => Object.keys(each))
  return { body: { ...file, processors: file.processors.filter(isThere) }, leftOut: [...new Set(leftOut)] }
}
