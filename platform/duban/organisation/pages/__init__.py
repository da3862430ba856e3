"""The pages of units and people; `duban.organisation.views` says at which address each of them is."""
