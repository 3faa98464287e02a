// One measurement in a process of its own: takes a JSON request as its argument, prints one JSON line.
const request = JSON.parse(process.argv[2])
const { measure } = await import(`./measure/${request.kind}.mjs`)
const metrics = await measure(request)
process.stdout.write(`\n${JSON.stringify({ metrics })}\n`)
// A peer that leaves a handle behind must not hold up the run.
process.exit(0)
