"""How the policy is made: imitation, then policy gradient. Needs the extra `learn`."""
