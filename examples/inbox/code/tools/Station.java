/** A gauge as the display in the fire station sees it. */
public record Station(int gauge, String place, double level) {
    private static final double CELLARS = 1.80;

    public boolean isDangerous() {
        return level >= CELLARS;
    }

    @Override
    public String toString() {
        return "%s: %.2f m%s".formatted(place, level, isDangerous() ? " !" : "");
    }
}
