"""Write the tables of the documents' examples: python scripts/example_tables.py [DIRECTORY].

All are made up, small, and the same every time; the directory is `examples` without a name.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

_START = pd.Timestamp("2023-01-02")


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    write_churn(directory)
    write_houses(directory)
    write_visits(directory)
    write_sales(directory)
    write_reviews(directory)
    write_prices(directory)
    write_survey(directory)
    print(f"tables written to {directory}")


def write_churn(directory: Path) -> None:
    """Write customers of whom few leave, and two later tables: without and with the target."""
    rng = np.random.default_rng(1)
    n_rows = 900
    months = rng.integers(1, 72, n_rows)
    calls = rng.poisson(1.2, n_rows)
    plan = rng.choice(["basic", "plus", "family"], n_rows, p=[0.5, 0.3, 0.2])
    charge = np.round(rng.normal(40, 12, n_rows) + 15 * (plan == "family"), 2)
    signup = pd.Timestamp("2025-06-30") - pd.to_timedelta(30 * months, unit="D")
    logit = -2.6 - 0.045 * months + 0.75 * calls + 0.03 * (charge - 40) + 0.6 * (plan == "basic")
    leaves = rng.random(n_rows) < 1 / (1 + np.exp(-logit))
    table = pd.DataFrame(
        {
            "plan": plan,
            "monthly_charge": np.where(rng.random(n_rows) < 0.04, np.nan, charge),
            "support_calls": calls,
            "signup_date": signup.strftime("%Y-%m-%d"),
            "churn": np.where(leaves, "yes", "no"),
        }
    )
    table[:600].to_csv(directory / "churn.csv", index=False)
    table[600:].to_csv(directory / "churn_later.csv", index=False)
    table[600:].drop(columns="churn").to_csv(directory / "new_customers.csv", index=False)


def write_houses(directory: Path) -> None:
    """Write prices of houses, and houses without a price."""
    rng = np.random.default_rng(2)
    n_rows = 700
    area = np.round(rng.gamma(9, 13, n_rows))
    district = rng.choice(["north", "south", "harbour", "hill"], n_rows)
    built = rng.integers(1920, 2024, n_rows)
    bonus = {"north": 0.0, "south": 0.1, "harbour": 0.35, "hill": 0.25}
    log_price = 8.6 + 0.8 * np.log(area) + pd.Series(district).map(bonus).to_numpy()
    log_price += 0.002 * (built - 1970) + rng.normal(0, 0.15, n_rows)
    table = pd.DataFrame(
        {
            "area": area,
            "rooms": np.maximum(1, np.round(area / 28 + rng.normal(0, 0.7, n_rows))).astype(int),
            "district": district,
            "built": built,
            "price": np.round(np.exp(log_price), -2),
        }
    )
    table[:550].to_csv(directory / "houses.csv", index=False)
    table[550:].drop(columns="price").to_csv(directory / "new_houses.csv", index=False)


def write_visits(directory: Path) -> None:
    """Write visits of patients, several of each patient."""
    rng = np.random.default_rng(3)
    n_patients, n_rows = 90, 540
    patient = rng.integers(0, n_patients, n_rows)
    ill = rng.random(n_patients) < 0.4
    age = rng.integers(25, 85, n_patients)
    level = rng.normal(0, 1, n_patients) + 0.9 * ill
    table = pd.DataFrame(
        {
            "patient": [f"P{number:03d}" for number in patient],
            "age": age[patient],
            "marker": np.round(level[patient] + rng.normal(0, 0.4, n_rows), 3),
            "pulse": rng.normal(74, 9, n_rows).round().astype(int),
            "relapse": np.where(ill[patient], "yes", "no"),
        }
    )
    table.to_csv(directory / "visits.csv", index=False)


def write_sales(directory: Path) -> None:
    """Write daily sales of a shop over two years."""
    rng = np.random.default_rng(4)
    days = pd.date_range(_START, periods=730)
    promo = rng.random(730) < 0.15
    price = np.round(rng.normal(9.5, 0.8, 730), 2)
    season = 12 * np.sin(2 * np.pi * days.day_of_year.to_numpy() / 365)
    units = 80 + season + 25 * promo - 4 * (price - 9.5) + 14 * (days.day_of_week.to_numpy() >= 5)
    table = pd.DataFrame(
        {
            "date": days.strftime("%Y-%m-%d"),
            "price": price,
            "promotion": np.where(promo, "yes", "no"),
            "units": np.round(units + rng.normal(0, 6, 730)).astype(int),
        }
    )
    table.to_csv(directory / "sales.csv", index=False)


def write_reviews(directory: Path) -> None:
    """Write short reviews in words, with a verdict."""
    rng = np.random.default_rng(5)
    good = ["quick delivery", "works well", "friendly help", "great value", "easy to use"]
    bad = ["broke after a week", "late parcel", "no answer", "poor screen", "hard to set up"]
    plain = ["in the blue box", "bought for my sister", "second order", "used every day"]
    rows = []
    for _ in range(400):
        likes = rng.random() < 0.5
        pool = good if likes else bad
        words = [*rng.choice(pool, 2, replace=False), str(rng.choice(plain))]
        if rng.random() < 0.3:
            words.append(str(rng.choice(bad if likes else good)))
        text = ", ".join(rng.permutation(words).tolist())
        rows.append((text, round(float(rng.gamma(4, 9)), 2), "yes" if likes else "no"))
    frame = pd.DataFrame(rows, columns=["review", "paid", "recommends"])
    frame.to_csv(directory / "reviews.csv", index=False)


def write_prices(directory: Path) -> None:
    """Write a file as a European spreadsheet does, with its own word for a missing cell."""
    rng = np.random.default_rng(6)
    n_rows = 300
    power = rng.integers(50, 240, n_rows)
    age = rng.integers(0, 18, n_rows)
    fuel = rng.choice(["Benzin", "Diesel", "Erdgas", "Flüssiggas"], n_rows)
    price = 9000 + 140 * power - 1100 * age + rng.normal(0, 1500, n_rows)
    lines = ["Leistung;Alter;Verbrauch;Kraftstoff;Preis"]
    for row in range(n_rows):
        use = f"{4 + power[row] / 40 + rng.normal(0, 0.5):.1f}".replace(".", ",")
        known = "fehlt" if rng.random() < 0.05 else use
        cost = f"{max(500.0, price[row]):.2f}".replace(".", ",")
        lines.append(f"{power[row]};{age[row]};{known};{fuel[row]};{cost}")
    (directory / "prices.csv").write_bytes(("\r\n".join(lines) + "\r\n").encode("cp1252"))


def write_survey(directory: Path) -> None:
    """Write answers of people, of whom some stand for more than others."""
    rng = np.random.default_rng(7)
    n_rows = 400
    age = rng.integers(18, 90, n_rows)
    region = rng.choice(["city", "town", "village"], n_rows, p=[0.6, 0.25, 0.15])
    hours = np.round(rng.gamma(2, 2, n_rows), 1)
    logit = 0.03 * (age - 50) + 0.8 * (region == "village") - 0.2 * (hours - 4)
    stands_for = pd.Series(region).map({"city": 0.7, "town": 1.2, "village": 2.0})
    table = pd.DataFrame(
        {
            "age": age,
            "region": region,
            "hours_online": hours,
            "stands_for": stands_for,
            "reads_paper": np.where(rng.random(n_rows) < 1 / (1 + np.exp(-logit)), "yes", "no"),
        }
    )
    table.to_csv(directory / "survey.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "examples"))
