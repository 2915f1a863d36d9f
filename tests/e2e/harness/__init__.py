"""What a test in a browser stands on: a studio of its own, a Chromium that is watched, pictures, and axe-core."""
