"""Line magic ``%ipar``: parser, lookup of results and listing. May import live, results, render and model."""
