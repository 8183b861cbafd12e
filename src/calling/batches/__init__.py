"""Questions by the thousand in one file, at half the price: a provider answers them within a day."""
