"""All that is attached to objects of other packages, and its removal; imports every package below it."""
