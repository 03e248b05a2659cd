/** The ready-made interactions. */
import type { InteractionSeed, Seed } from "./Seed.ts"
import type { ParticipantType } from "./World.ts"

const one = (about: string, types: ReadonlyArray<ParticipantType>): InteractionSeed => ({
  channels: [{ about, participants: types.map((type) => ({ type })) }]
})

export const readyMade: Seed = {
  interactions: [
    one("a customer and an agent", ["customer", "agent"]),
    one("a customer, two agents and a supervisor", ["customer", "agent", "agent", "supervisor"]),
    one("120 participants: three pages of 50", [
      "customer",
      ...Array.from({ length: 3 }, () => "agent" as const),
      ...Array.from({ length: 116 }, () => "external" as const)
    ])
  ]
}
