"""The pages of assessments, one module per page; `duban.assessments.views` holds their addresses."""
